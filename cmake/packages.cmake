# SPDX-License-Identifier: Apache-2.0
# Debian packages by cpack: packages/build configures with UNDERSTUDY_PACKAGES and calls it. A
# package holds what one component of cmake/install.cmake installs, and its copyright and changelog.
# Named by its SONAME, as Debian's policy has it.
set(library_package libunderstudy${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

set(package_of_proxy understudy)
set(package_of_tools understudy-tools)
set(package_of_runtime ${library_package})
set(package_of_sdk libunderstudy-dev)
set(package_of_python python3-understudy)
set(CPACK_COMPONENTS_ALL proxy tools runtime sdk python)

file(GLOB proxy_scripts ${PROJECT_SOURCE_DIR}/packages/proxy/*)
file(GLOB python_scripts ${PROJECT_SOURCE_DIR}/packages/python/*)

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  install(FILES packages/copyright packages/changelog
          DESTINATION share/doc/${package_of_${component}} COMPONENT ${component})
endforeach()
# The package's copyright file is its licence.
install(CODE "file(REMOVE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/doc/understudy/LICENSE\")"
        COMPONENT proxy)
install(FILES packages/understudy.service DESTINATION /lib/systemd/system COMPONENT proxy)
install(FILES packages/understudy.conf DESTINATION /etc/understudy COMPONENT proxy)
install(FILES packages/runtime/lintian-overrides DESTINATION share/lintian/overrides
        RENAME ${library_package} COMPONENT runtime)
install(DIRECTORY backend_sdk/bindings/python/src/understudy DESTINATION lib/python3/dist-packages
        COMPONENT python PATTERN __pycache__ EXCLUDE)
install(FILES backend_sdk/bindings/python/README.md DESTINATION share/doc/python3-understudy
        COMPONENT python)

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR OFF)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Understudy maintainers <maintainers@understudy.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each has its own
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_files.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# The library's own directory, so that dpkg-shlibdeps finds it.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/backend_sdk)

set(CPACK_DEBIAN_PROXY_PACKAGE_SECTION httpd)
set(CPACK_DEBIAN_PROXY_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_PROXY_PACKAGE_SUGGESTS "understudy-tools, ${library_package}")
set(CPACK_COMPONENT_PROXY_DESCRIPTION "reverse proxy that keeps sessions when application servers die
Understudy sends each client to the member that holds its session, and to the
secondary that has a copy when that member dies or restarts. It learns the
members from response headers, and reads the configurations of Apache's
mod_proxy_balancer, mod_jk and the WebLogic plug-in.")
set(CPACK_DEBIAN_PROXY_PACKAGE_CONTROL_EXTRA ${proxy_scripts})

set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "load generator and sample members of Understudy
loadtest sends requests on an open schedule, checks every session, and lets
members and proxies of its own die while it does. counter and shop are members
of a cluster, to try it with.")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packages/runtime/triggers)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "sessions that survive the death of their server, library
A backend that uses libunderstudy replicates each session to a second member
before its answer leaves, and takes sessions over when another member dies.")

set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_SDK_PACKAGE_DEPENDS
    "${library_package} (= ${PROJECT_VERSION}), libevent-dev, libssl-dev, libfmt-dev, libspdlog-dev")
set(CPACK_COMPONENT_SDK_DESCRIPTION "sessions that survive the death of their server, development files
Headers of libunderstudy for C and C++, the static library, the CMake package
Understudy, understudy.pc and examples.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${python_scripts})
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3 (>= 3.9), ${library_package}")
set(CPACK_COMPONENT_PYTHON_DESCRIPTION "sessions that survive the death of their server, for Python
WSGI and ASGI middleware, a session interface of Flask, a session engine of
Django and a hook of gunicorn over libunderstudy.")

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package_of_${component}})
  set(CPACK_COMPONENT_${upper}_DEPENDS "")
endforeach()
foreach(upper PROXY TOOLS SDK PYTHON)
  set(CPACK_DEBIAN_${upper}_PACKAGE_GENERATE_SHLIBS OFF)
endforeach()
include(CPack)

# SPDX-License-Identifier: Apache-2.0
# What `cmake --install BUILD --prefix P` puts where, by GNUInstallDirs; nothing in it names P, so
# that it may be moved. Components: runtime (libunderstudy.so.VERSION), sdk (what is compiled against
# it: headers, static library, the CMake package Understudy, understudy.pc, examples), proxy and
# tools (programs, each with its manual).
include(CMakePackageConfigHelpers)

# The SDK.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Understudy)
set(generated ${PROJECT_BINARY_DIR}/package)
install(DIRECTORY backend_sdk/include/understudy DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT sdk)
install(TARGETS understudy_static EXPORT UnderstudyStaticTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
install(EXPORT UnderstudyStaticTargets NAMESPACE Understudy:: DESTINATION ${package_dir}
        COMPONENT sdk)
if(TARGET understudy_shared)
  install(TARGETS understudy_shared EXPORT UnderstudyTargets
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT sdk)
  install(EXPORT UnderstudyTargets NAMESPACE Understudy:: DESTINATION ${package_dir} COMPONENT sdk)
endif()
configure_package_config_file(
  backend_sdk/UnderstudyConfig.cmake.in ${generated}/UnderstudyConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  ${generated}/UnderstudyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${generated}/UnderstudyConfig.cmake ${generated}/UnderstudyConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT sdk)

# Where the prefix is as seen from understudy.pc, unless a directory has a place of its own.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  set(pc_prefix "\${pcfiledir}/${pc_prefix}")
  string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
endif()
foreach(kind LIBDIR INCLUDEDIR)
  set(pc_${kind} ${CMAKE_INSTALL_${kind}})
  if(NOT IS_ABSOLUTE "${pc_${kind}}")
    set(pc_${kind} "\${prefix}/${pc_${kind}}")
  endif()
endforeach()
configure_file(backend_sdk/understudy.pc.in ${generated}/understudy.pc @ONLY)
install(FILES ${generated}/understudy.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT sdk)
install(DIRECTORY backend_sdk/examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT sdk
        PATTERN CMakeLists.txt EXCLUDE)

# The programs.
install(TARGETS understudy RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT proxy)
install(TARGETS loadtest counter shop RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
install(DIRECTORY conf/samples docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT proxy)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT proxy)
install(DIRECTORY loadtest/peers DESTINATION ${CMAKE_INSTALL_DATADIR}/understudy COMPONENT tools)

# The manual: a page of each program from its own --help, and one from the table of directives.
set(manual "")
foreach(program understudy loadtest counter shop)
  set(page ${PROJECT_BINARY_DIR}/manual/${program}.1)
  add_custom_command(
    OUTPUT ${page}
    COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:${program}> -D PAGE=${page}
            -D VERSION=${PROJECT_VERSION} -P ${PROJECT_SOURCE_DIR}/cmake/manual_page.cmake
    DEPENDS ${program} cmake/manual_page.cmake
    COMMENT "Writing ${program}(1)" VERBATIM)
  list(APPEND manual ${page})
  set(component tools)
  if(program STREQUAL understudy)
    set(component proxy)
  endif()
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${component})
endforeach()
set(page ${PROJECT_BINARY_DIR}/manual/understudy.conf.5)
add_custom_command(
  OUTPUT ${page}
  COMMAND understudy_directives --manual ${PROJECT_VERSION} > ${page}
  DEPENDS understudy_directives
  COMMENT "Writing understudy.conf(5)" VERBATIM)
list(APPEND manual ${page})
install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT proxy)
add_custom_target(manual ALL DEPENDS ${manual})

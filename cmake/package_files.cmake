# SPDX-License-Identifier: Apache-2.0
# Called by cpack before it packs, with what it has staged: Debian's policy wants manual pages and
# changelogs compressed.
file(GLOB files "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/man?/*.[1-9]"
     "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/doc/*/changelog")
foreach(file IN LISTS files)
  execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

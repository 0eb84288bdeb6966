# SPDX-License-Identifier: Apache-2.0
# Writes the manual page of a program from what it says itself: its --help, and that of each of its
# subcommands.
#   cmake -D PROGRAM=FILE -D PAGE=FILE -D VERSION=TEXT -P cmake/manual_page.cmake
cmake_minimum_required(VERSION 3.25)

# What `PROGRAM ARGN... --help` prints, as it is.
function(help_of text)
  execute_process(COMMAND ${PROGRAM} ${ARGN} --help OUTPUT_VARIABLE said RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ${ARGN} --help: ${status}")
  endif()
  set(${text} "${said}" PARENT_SCOPE)
endfunction()

# Lines that troff prints as they stand.
function(as_written text result)
  string(REPLACE "\\" "\\e" text "${text}")
  string(REPLACE "-" "\\-" text "${text}")
  string(REGEX REPLACE "(^|\n)([.'])" "\\1\\\\&\\2" text "${text}")
  set(${result} ".nf\n${text}\n.fi\n" PARENT_SCOPE)
endfunction()

# The first line says what it is for, the one that begins with "Usage:" how it is called.
function(parts_of help purpose usage rest)
  string(STRIP "${help}" help)
  if(NOT help MATCHES "^([^\n]+)\nUsage: ([^\n]+)\n?(.*)$")
    message(FATAL_ERROR "no help that can be read: ${help}")
  endif()
  set(${usage} "${CMAKE_MATCH_2}" PARENT_SCOPE)
  string(STRIP "${CMAKE_MATCH_3}" more)
  set(${rest} "${more}" PARENT_SCOPE)
  string(REGEX REPLACE "^Understudy: |\\.$" "" line "${CMAKE_MATCH_1}")
  set(${purpose} "${line}" PARENT_SCOPE)
endfunction()

get_filename_component(name ${PROGRAM} NAME)
help_of(help)
parts_of("${help}" purpose usage rest)
string(TOUPPER ${name} title)
as_written("${usage}" synopsis)
as_written("${rest}" options)
set(page ".TH ${title} 1 \"\" \"Understudy ${VERSION}\" \"Understudy\"\n")
string(APPEND page ".SH NAME\n${name} \\- ${purpose}\n.SH SYNOPSIS\n${synopsis}")
string(APPEND page ".SH OPTIONS\n${options}")

if(help MATCHES "\nSubcommands:\n(.*)")
  string(REGEX MATCHALL "(^|\n)  [a-z_]+ " lines "${CMAKE_MATCH_1}")
  string(APPEND page ".SH COMMANDS\n")
  foreach(line IN LISTS lines)
    string(STRIP "${line}" command)
    help_of(help ${command})
    parts_of("${help}" purpose usage rest)
    as_written("${usage}\n\n${rest}" body)
    string(APPEND page ".SS ${command}\n${purpose}.\n.PP\n${body}")
  endforeach()
endif()

set(others understudy.1 understudy.conf.5 loadtest.1 counter.1 shop.1)
list(REMOVE_ITEM others ${name}.1)
list(TRANSFORM others REPLACE "^(.*)\\.([15])$" ".BR \\1 (\\2)")
list(JOIN others ",\n" others)
string(REGEX REPLACE "\\),\n" ") ,\n" others "${others}")
string(APPEND page ".SH SEE ALSO\n${others}\n")
file(WRITE ${PAGE} "${page}")

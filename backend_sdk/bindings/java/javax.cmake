# SPDX-License-Identifier: Apache-2.0
# Writes FROM as TO for the servlet API before 5: javax.servlet in place of jakarta.servlet.
file(READ ${FROM} text)
string(REPLACE "jakarta.servlet" "javax.servlet" text "${text}")
file(WRITE ${TO} "${text}")

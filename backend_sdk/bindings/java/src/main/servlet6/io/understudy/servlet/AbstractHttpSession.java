// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import jakarta.servlet.http.HttpSession;

/** What only some versions of the servlet API ask of a session: nothing, from 6 on. */
abstract class AbstractHttpSession implements HttpSession {}

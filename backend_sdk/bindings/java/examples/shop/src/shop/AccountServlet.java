// SPDX-License-Identifier: Apache-2.0
package shop;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;

/** POST /login user=ann: the cart goes on under a new id. POST /logout: the session ends. */
@WebServlet({"/login", "/logout"})
public final class AccountServlet extends HttpServlet {
  private static final long serialVersionUID = 1;

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (request.getServletPath().equals("/login")) {
      request.getSession().setAttribute("user", request.getParameter("user"));
      request.changeSessionId();
    } else {
      HttpSession session = request.getSession(false);
      if (session != null) session.invalidate();
    }
    response.sendRedirect(request.getContextPath() + "/");
  }
}

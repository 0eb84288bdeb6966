// SPDX-License-Identifier: Apache-2.0
package shop;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.Map;
import java.util.StringJoiner;

/** The cart as JSON: GET reads it, POST add=tea puts a piece into it, POST remove=tea takes all. */
@WebServlet("/cart")
public final class CartServlet extends HttpServlet {
  private static final long serialVersionUID = 1;

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    show(request.getSession(), response);
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    HttpSession session = request.getSession();
    Cart cart = (Cart) session.getAttribute("cart");
    if (cart == null) {
      cart = new Cart();
      session.setAttribute("cart", cart);
    }
    // No setAttribute(): that the cart has changed is found when the request ends.
    if (request.getParameter("add") != null) cart.add(request.getParameter("add"));
    if (request.getParameter("remove") != null) cart.remove(request.getParameter("remove"));
    show(session, response);
  }

  private static void show(HttpSession session, HttpServletResponse response) throws IOException {
    Cart cart = (Cart) session.getAttribute("cart");
    StringJoiner items = new StringJoiner(",");
    if (cart != null) {
      for (Map.Entry<String, Integer> each : cart.getPieces().entrySet()) {
        items.add(quoted(each.getKey()) + ":" + each.getValue());
      }
    }
    response.setContentType("application/json");
    response.getWriter().printf(
        "{\"session\":%s,\"user\":%s,\"member\":%s,\"count\":%d,\"items\":{%s}}%n",
        quoted(session.getId()),
        quoted((String) session.getAttribute("user")),
        quoted(System.getProperty("member")),
        cart == null ? 0 : cart.getCount(),
        items);
  }

  static String quoted(String text) {
    if (text == null) return "null";
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}

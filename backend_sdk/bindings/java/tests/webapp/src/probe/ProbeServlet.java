// SPDX-License-Identifier: Apache-2.0
package probe;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What an application may do with its session: /probe?do=WORD, each a case of the test. */
@WebServlet(value = "/probe", asyncSupported = true)
public final class ProbeServlet extends HttpServlet {
  private static final long serialVersionUID = 1;

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException, ServletException {
    response.setContentType("text/plain;charset=utf-8");
    String value = request.getParameter("value");
    switch (request.getParameter("do")) {
      case "set":
        request.getSession().setAttribute(request.getParameter("name"), value);
        break;
      case "remove":
        request.getSession().removeAttribute(request.getParameter("name"));
        break;
      case "all":
        show(request.getSession(false), response.getWriter());
        break;
      case "connect":
        request.getSession().setAttribute("connection", new Connection());
        break;
      case "look":
        response.getWriter().print(request.getSession().getAttribute("connection"));
        break;
      case "heard":
        response.getWriter().print(Heard.take());
        break;
      case "throw":
        request.getSession().setAttribute("text", value);
        response.getWriter().print("never seen");
        throw new ServletException("the probe's");
      case "error":
        request.getSession().setAttribute("text", value);
        response.sendError(404, "nothing here");
        break;
      case "unserializable":
        request.getSession().setAttribute("thing", new Object());
        break;
      case "nested": // is serializable, what is in it is not
        List<Object> list = new ArrayList<>();
        list.add(new Object());
        request.getSession().setAttribute("text", value);
        request.getSession().setAttribute("list", list);
        break;
      case "renew":
        renew(request, response);
        break;
      case "interval":
        request.getSession().setMaxInactiveInterval(Integer.parseInt(value));
        break;
      case "large":
        large(request, response, Integer.parseInt(value));
        break;
      case "flush":
        flush(request, response, value);
        break;
      case "async":
        async(request, value);
        break;
      case "dispatch":
        dispatch(request, response, value);
        break;
      case "forward":
        request.getSession().setAttribute("text", value);
        request.getRequestDispatcher("/probe?do=all").forward(request, response);
        break;
      case "who":
        HttpSession its = request.getSession(false);
        response.getWriter().print(
            request.getRemoteUser() + " " + request.getRequestedSessionId()
                + " " + request.isRequestedSessionIdValid()
                + " " + (its == null ? "-" : its.getId())
                + " " + response.encodeURL("/x"));
        break;
      default:
        response.sendError(400);
    }
  }

  private static void show(HttpSession session, PrintWriter out) {
    if (session == null) {
      out.print("no session");
      return;
    }
    List<String> names = Collections.list(session.getAttributeNames());
    for (String name : names) out.print(name + "=" + session.getAttribute(name) + ";");
  }

  /** Against fixation: a new session in the same request. */
  private static void renew(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String before = request.getSession().getId();
    request.getSession().invalidate();
    HttpSession session = request.getSession(true);
    session.setAttribute("renewed", "yes");
    response.getWriter().print(!session.getId().equals(before) && session.isNew());
  }

  /** Writes more than is held back; the session is committed by then. */
  private static void large(HttpServletRequest request, HttpServletResponse response, int bytes)
      throws IOException {
    request.getSession().setAttribute("text", "before");
    PrintWriter out = response.getWriter();
    String line = "x".repeat(1023) + "\n";
    for (int written = 0; written < bytes; written += line.length()) out.write(line);
    try {
      request.getSession().setAttribute("text", "after");
      out.print("changed");
    } catch (IllegalStateException committed) {
      out.print("committed " + request.getSession().getAttribute("text"));
    }
  }

  private static void flush(HttpServletRequest request, HttpServletResponse response, String value)
      throws IOException {
    request.getSession().setAttribute("text", value);
    response.getWriter().print("first ");
    response.flushBuffer();
    response.getWriter().print(request.getSession().getAttribute("text"));
  }

  private static void async(HttpServletRequest request, String value) {
    AsyncContext context = request.startAsync();
    context.start(
        () -> {
          try {
            HttpServletRequest its = (HttpServletRequest) context.getRequest();
            its.getSession().setAttribute("text", value);
            context.getResponse().getWriter().print("asynchronous");
          } catch (IOException gone) {
            Heard.note("gone");
          }
          context.complete();
        });
  }

  private static void dispatch(
      HttpServletRequest request, HttpServletResponse response, String value) throws IOException {
    if (request.getAttribute("dispatched") != null) {
      request.getSession().setAttribute("text", value);
      response.getWriter().print("dispatched");
      return;
    }
    request.setAttribute("dispatched", true);
    request.startAsync().dispatch();
  }
}

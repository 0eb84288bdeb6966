<%@ page session="false" contentType="application/octet-stream" trimDirectiveWhitespaces="true" %><%
  // The body comes back as it went. "wait" lets it be broken off in between, "size" wants bytes.
  jakarta.servlet.ServletInputStream in = request.getInputStream();
  jakarta.servlet.ServletOutputStream to = response.getOutputStream();
  if (request.getParameter("about") != null) {
    to.print(request.getMethod() + " " + request.getRemoteAddr() + " " + request.getServerName() + " "
             + request.getServerPort() + " " + request.getScheme() + " " + request.getQueryString());
    return;
  }
  byte[] piece = new byte[10000];
  for (int got; (got = in.read(piece)) > 0;) {
    to.write(piece, 0, got);
  }
  if (request.getParameter("wait") != null) {
    to.print("begun");
    to.flush();
    Thread.sleep(60000);
  }
%>

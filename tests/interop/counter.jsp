<%@ page session="true" contentType="text/plain" trimDirectiveWhitespaces="true" %><%
  Integer count = (Integer) session.getAttribute("count");
  count = count == null ? 1 : count + 1;
  session.setAttribute("count", count);
  String id = session.getId();
  out.println(id.substring(id.lastIndexOf('.') + 1) + " " + count + " " + id);
%>

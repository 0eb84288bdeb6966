<%@ page session="true" contentType="application/json" trimDirectiveWhitespaces="true" %><%
  session.invalidate();
  out.println("{}");
%>

<%@ page session="true" contentType="application/json" trimDirectiveWhitespaces="true" %><%
  Integer count = (Integer) session.getAttribute("count");
  out.println("{\"session\":\"" + session.getId() + "\",\"count\":" + (count == null ? 0 : count) + "}");
%>

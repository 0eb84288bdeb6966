<%@ page session="true" contentType="application/json" trimDirectiveWhitespaces="true" %><%
  Integer count = (Integer) session.getAttribute("count");
  count = count == null ? 1 : count + 1;
  session.setAttribute("count", count);
  out.println("{\"session\":\"" + session.getId() + "\",\"count\":" + count + ",\"member\":\"$NAME\"}");
%>

<%@ page contentType="text/html; charset=utf-8" import="java.util.*" %>
<%
  @SuppressWarnings("unchecked")
  List<String> items = (List<String>) session.getAttribute("items");
  if (items == null) session.setAttribute("items", items = new ArrayList<>());
  if (request.getParameter("add") != null) items.add(request.getParameter("add"));
%>
<ol><% for (String item : items) { %>
  <li><%= item.replace("&", "&amp;").replace("<", "&lt;") %><% } %>
</ol>
<form method="post"><input name="add"><button>Add</button></form>

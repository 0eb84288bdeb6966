<%-- SPDX-License-Identifier: Apache-2.0 --%>
<%@ page contentType="text/html; charset=utf-8" import="shop.Cart" %>
<!DOCTYPE html>
<title>Shop</title>
<h1>Hello <%= session.getAttribute("user") == null ? "guest" : "customer" %></h1>
<% Cart cart = (Cart) session.getAttribute("cart"); %>
<p><%= cart == null ? 0 : cart.getCount() %> pieces in your cart, kept by
<%= System.getProperty("member") %>.
<form method="post" action="cart"><button name="add" value="tea">Tea</button>
<button name="add" value="coffee">Coffee</button></form>
<form method="post" action="login"><input name="user"><button>Log in</button></form>
<form method="post" action="logout"><button>Log out</button></form>

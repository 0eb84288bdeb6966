<%@ page contentType="text/plain;charset=utf-8" %>account of <%= request.getRemoteUser() %>

<%@ page contentType="text/plain;charset=utf-8" isErrorPage="true" %>sorry <%= response.getStatus() %>

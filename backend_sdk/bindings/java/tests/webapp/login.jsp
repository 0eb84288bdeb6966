<%@ page contentType="text/plain;charset=utf-8" %>log in

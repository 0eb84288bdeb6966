<%@ page session="false" contentType="text/plain" trimDirectiveWhitespaces="true" %>ok

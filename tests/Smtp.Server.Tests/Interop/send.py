"""Sends one file with smtplib: send.py PORT plain|starttls|tls FILE FROM TO[,TO..] [PLAIN|LOGIN USER PASSWORD]"""
import smtplib
import ssl
import sys

port, mode, path, sender, recipients = sys.argv[1:6]
context = ssl._create_unverified_context()
if mode == "tls":
    server = smtplib.SMTP_SSL("127.0.0.1", int(port), local_hostname="python.example.com", context=context)
else:
    server = smtplib.SMTP("127.0.0.1", int(port), local_hostname="python.example.com")
if mode == "starttls":
    server.starttls(context=context)
if len(sys.argv) > 6:
    mechanism, server.user, server.password = sys.argv[6:9]
    server.ehlo_or_helo_if_needed()
    server.auth(mechanism, {"PLAIN": server.auth_plain, "LOGIN": server.auth_login}[mechanism])
with open(path, "rb") as file:
    refused = server.sendmail(sender, recipients.split(","), file.read(), ["BODY=8BITMIME"])
assert refused == {}, refused
server.quit()

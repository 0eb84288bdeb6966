# SPDX-License-Identifier: Apache-2.0
"""A to-do list: Flask, with the list in the session. README.md beside it says how it is started."""
from flask import Flask, redirect, render_template, request, session

from understudy.flask import Understudy

app = Flask(__name__)
Understudy(app)


@app.get("/")
def show():
    return render_template("todo.html", name=session.get("name"), items=session.get("items", []))


@app.post("/login")
def login():
    session.rotate_id()
    session["name"] = request.form["name"]
    return redirect("/", 303)


@app.post("/logout")
def logout():
    session.invalidate()
    return redirect("/", 303)


@app.post("/add")
def add():
    text = request.form["text"].strip()
    if text:
        session.setdefault("items", []).append({"text": text, "done": False})
    return redirect("/", 303)


@app.post("/toggle")
def toggle():
    item = session["items"][int(request.form["item"])]
    item["done"] = not item["done"]
    return redirect("/", 303)


@app.post("/clear")
def clear():
    session["items"] = [item for item in session.get("items", []) if not item["done"]]
    return redirect("/", 303)

"""The example of Flask-Login's README, with the form that it has."""

import secrets

import flask
import flask_login
from werkzeug.serving import WSGIRequestHandler, make_server

import ready

app = flask.Flask(__name__)
app.secret_key = secrets.token_hex()
login_manager = flask_login.LoginManager()
login_manager.init_app(app)

USERS = {"alice@example.com": {"password": "correct horse"}}


class User(flask_login.UserMixin):
    pass


@login_manager.user_loader
def user_loader(email):
    if email not in USERS:
        return None
    user = User()
    user.id = email
    return user


@app.route("/login", methods=["GET", "POST"])
def login():
    if flask.request.method == "GET":
        return """
               <form action='login' method='POST'>
                <input type='text' name='email' id='email' placeholder='email'/>
                <input type='password' name='password' id='password' placeholder='password'/>
                <input type='submit' name='submit'/>
               </form>
               """

    email = flask.request.form["email"]
    if email in USERS and flask.request.form["password"] == USERS[email]["password"]:
        user = User()
        user.id = email
        flask_login.login_user(user)
        return flask.redirect(flask.url_for("protected"))

    return "Bad login"


@app.route("/protected")
@flask_login.login_required
def protected():
    return "Logged in as: " + flask_login.current_user.id


class Silent(WSGIRequestHandler):
    def log(self, *args):
        pass


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
ready.serve(server, "Flask", "Flask-Login")

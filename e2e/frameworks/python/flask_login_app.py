"""The example of Flask-Login's README, with the form that it has, and one of Flask-WTF."""

import secrets

import flask
import flask_login
from flask_wtf import FlaskForm
from werkzeug.serving import WSGIRequestHandler, make_server
from wtforms import EmailField, PasswordField
from wtforms.validators import DataRequired

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


class LoginForm(FlaskForm):
    email = EmailField(validators=[DataRequired()])
    password = PasswordField(validators=[DataRequired()])


@app.route("/wtf/login", methods=["GET", "POST"])
def wtf_login():
    form = LoginForm()
    if form.validate_on_submit():
        email = form.email.data
        if email in USERS and form.password.data == USERS[email]["password"]:
            user = User()
            user.id = email
            flask_login.login_user(user)
            return flask.redirect(flask.url_for("protected"))
        if "flash" in flask.request.args:
            flask.flash("Bad login")
        else:
            form.form_errors.append("Bad login")
    return flask.render_template_string(
        """
        <form method="post">
          {{ form.hidden_tag() }}
          {% for error in form.form_errors + get_flashed_messages() %}<p>{{ error }}</p>{% endfor %}
          {{ form.email() }} {{ form.password() }} <input type="submit">
        </form>
        """,
        form=form,
    )


@app.route("/protected")
@flask_login.login_required
def protected():
    return "Logged in as: " + flask_login.current_user.id


class Silent(WSGIRequestHandler):
    def log(self, *args):
        pass


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
ready.serve(server, "Flask", "Flask-Login", "Flask-WTF")

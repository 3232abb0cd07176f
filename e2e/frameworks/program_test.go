package frameworks

import "github.com/gatewarden/gatewarden/e2e/internal/program"

const (
	python = ".tools/frameworks/python/bin/python"
	node   = ".tools/frameworks/node/"
)

// In production, better-auth limits sign-ins itself.
var development = []string{"NODE_ENV=development"}

// commands start what scripts/install-frameworks has put into .tools.
var commands = []program.Command{
	{Name: "django", Args: []string{python, "-B", "e2e/frameworks/python/django_admin.py"}},
	{Name: "flask", Args: []string{python, "-B", "e2e/frameworks/python/flask_login_app.py"}},
	{Name: "passport", Args: []string{"node", node + "passport.js"}, Env: development},
	{Name: "better-auth", Args: []string{"node", node + "better-auth.js"}, Env: development},
	{Name: "oidc-provider", Args: []string{"node", node + "oidc-provider.js"}, Env: development},
	// The second compiler pays off only in programs that run longer.
	{Name: "spring", Args: []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", ".tools/frameworks/spring/target/spring.jar"}},
}

package e2e

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// soon is by when the page shows what has happened.
const soon = 2 * time.Second

func (o *office) signIn(t *testing.T, b *browser) {
	t.Helper()
	b.do(t, chromedp.Navigate("http://"+o.operations+"/"), chromedp.WaitVisible(chromedp.CSS("#token")),
		chromedp.SendKeys(chromedp.CSS("#token"), o.token), chromedp.Click(chromedp.CSS("#enter button")), chromedp.WaitVisible(chromedp.CSS("#work")))
}

// row is an expression for the row of a client.
func row(client string) string {
	return `[...document.querySelectorAll("#rows tr")].find(r => !r.hidden && r.innerText.includes("` + client + `"))`
}

func TestOperationsPage(t *testing.T) {
	t.Parallel()
	for _, screen := range []struct {
		name          string
		width, height int64
		dark          bool
	}{
		{"desktop", 1280, 800, false},
		{"phone", 390, 844, true},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := openOffice(t)
			b := openBrowser(t, screen.width, screen.height, screen.dark)
			b.do(t, chromedp.Navigate("http://"+o.operations+"/"), chromedp.WaitVisible(chromedp.CSS("#token")))
			b.picture(t, screen.name+"-sign-in")
			assert.Empty(t, b.said())
			b.do(t, chromedp.SendKeys(chromedp.CSS("#token"), "not a token"), chromedp.Click(chromedp.CSS("#enter button")), chromedp.WaitVisible(chromedp.CSS("#refused")))
			b.picture(t, screen.name+"-refused")
			assert.Len(t, b.said(), 1, "the browser itself tells of the 401")

			o.signIn(t, b)
			b.await(t, soon, `document.querySelector("#none").innerText == "Nobody is locked out."`)
			b.picture(t, screen.name+"-empty")

			o.lockOut(t, "192.0.2.7")
			b.await(t, soon, row("192.0.2.7"))
			o.lockOut(t, "2001:db8:85a3::8a2e:370:7334")
			o.caller.do(t, "POST", "/lockouts?surface=mcp&client=203.0.113.99&duration=6s", "", o.bearer())
			o.caller.do(t, "POST", "/lockouts?surface=token&client=198.51.100.23&duration=3d", "", o.bearer())
			b.await(t, soon, row("198.51.100.23"))
			b.picture(t, screen.name+"-lockouts")

			require.NoError(t, b.run(row("192.0.2.7")+`.querySelector("button").click()`))
			b.await(t, soon, row("192.0.2.7")+`.querySelector("button").innerText == "Sure?"`)
			assert.Equal(t, 429, o.client.get(t, "/api/v1/items", valid, forwarded("192.0.2.7")).status, "one tap only asks")
			b.picture(t, screen.name+"-sure")
			require.NoError(t, b.run(row("192.0.2.7")+`.querySelector("button").click()`))
			b.await(t, soon, `!(`+row("192.0.2.7")+`)`)
			assert.Equal(t, map[int]int{200: 16 * o.workers}, o.statuses(t, "192.0.2.7"))

			b.do(t, chromedp.Click(chromedp.CSS("#open")), chromedp.WaitVisible(chromedp.CSS("#whom")), chromedp.SetValue(chromedp.CSS("#where"), "rest"),
				chromedp.SendKeys(chromedp.CSS("#whom"), "192.0.2.99"), chromedp.SendKeys(chromedp.CSS("#long"), "10m"))
			b.picture(t, screen.name+"-form")
			b.do(t, chromedp.Click(chromedp.CSS("#make button")))
			b.await(t, soon, row("192.0.2.99"))
			assert.Equal(t, map[int]int{429: 16 * o.workers}, o.statuses(t, "192.0.2.99"))
			b.picture(t, screen.name+"-locked")
			assert.True(t, eval[bool](t, b, `document.documentElement.scrollWidth <= innerWidth`), "nothing is wider than the screen")

			o.attackPage(t, b)
			assert.Empty(t, b.said())
			require.NoError(t, o.envoy.Push(t.Context(), &envoy.Bootstrap{})) // its listeners are gone
			b.await(t, 10*time.Second, `document.querySelector("#state.bad")`)
			b.picture(t, screen.name+"-stale")
		})
	}
}

func basicOf(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// attackPage has the page show whatever a stranger can write: it is text.
func (o *office) attackPage(t *testing.T, b *browser) {
	t.Helper()
	const evil = `<img src=x onerror=alert(1)><script>alert(1)</script>`
	for range 4 { // locks the account, whose name is that
		o.client.get(t, "/api/v1/items", []string{"Authorization", basicOf(evil, "wrong")}, forwarded(evil))
		o.client.get(t, "/api/v1/items", []string{"Authorization", basicOf(evil, "wrong")}, forwarded("192.0.2.55"))
	}
	b.await(t, soon, row("account"))
	b.do(t, chromedp.SendKeys(chromedp.CSS("#search"), evil+".\r"))
	b.await(t, soon, `!document.querySelector("#only").hidden || document.querySelector("#said").innerText.includes("neither an address")`)
	b.await(t, 2*soon, `document.querySelector("#only").hidden`)
	assert.Equal(t, 1, eval[int](t, b, `document.scripts.length`))
	assert.Equal(t, 0, eval[int](t, b, `document.images.length`))
	b.said() // a 400 of the address that is none
	for _, how := range []string{
		`document.body.innerHTML = "<b>x</b>"`, `document.write("x")`,
		`document.body.append(Object.assign(document.createElement("script"), {textContent: "window.ran = 1"}))`,
		`document.body.setAttribute("onclick", "window.ran = 1")`, `document.body.click()`,
	} {
		_ = b.run(how) // it throws, or does nothing
		assert.False(t, eval[bool](t, b, `"ran" in window`), how)
	}
	require.NotEmpty(t, b.said(), "the policy refuses, and says so")
}

// TestOperationsPageWithAThousandLockouts: all rows are there, and the page answers.
func TestOperationsPageWithAThousandLockouts(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.lockThousand(t, 1000)
	b := openBrowser(t, 1280, 800, true)
	o.signIn(t, b)
	b.await(t, 2*soon, `document.querySelector("#count").innerText == "1000"`)
	b.picture(t, "desktop-thousand")
	b.do(t, chromedp.SendKeys(chromedp.CSS("#search"), "198.18.3.17"))
	b.await(t, soon, `document.querySelector("#count").innerText == "11 of 1000"`)
	b.picture(t, "desktop-found")
	assert.Less(t, eval[float64](t, b, `(() => { const began = performance.now(); show([]); poll(); return performance.now() - began })()`), 500.0)
	b.await(t, 2*soon, `document.querySelector("#count").innerText == "11 of 1000"`)
	assert.Empty(t, b.said())
}

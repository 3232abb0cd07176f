package model

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// A generator draws setups and scripts. Limits are low, clients few and steps
// often to the very end of a window or a lockout, so that much happens.
type generator struct {
	*rand.Rand
	model *Model
	setup *Setup
	// before is the request before, with its answer.
	before *Step
	// favourite is the path that most requests go to.
	favourite string
	// plain leaves out the options by which a decision hangs on records of
	// several kinds: of a client, its credentials, accounts and attempts. They
	// lie in different sets, and a step back of the clock moves each by what it
	// finds there, which the model does not know.
	plain bool
	// back allows steps back of the clock.
	back bool
	// honest lets the service know some credentials and not others, instead of
	// answering anyhow.
	honest bool
	// limits adds quotas, identities, and new limits on the way.
	limits bool
	// conditions lets answers say more than their status.
	conditions bool
	// hosts lets surfaces lie beside each other at several hosts.
	hosts bool
	// priced lets calls cost credits.
	priced bool
	// attacks makes every other request one of an attack.
	attacks bool
}

// Generate draws the script of a seed.
func Generate(seed uint64, steps int) Script {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	g.plain, g.hosts = g.sometimes(3), g.sometimes(3)
	s := Script{Setup: g.drawSetup(), Workers: 1 + g.IntN(4)}
	if g.limits = seed%2 == 0; g.limits {
		g.drawRules(&s.Setup)
	}
	if g.priced = g.limits && g.sometimes(2); g.priced {
		g.drawBudgets(&s.Setup)
	}
	g.setup = &s.Setup
	g.favourite = one(g, "/api/items", "/api/admin", "/mcp", "/oauth/token", "/login", "/session")
	if paths := g.attacked(); len(paths) > 0 && g.sometimes(2) {
		g.favourite, g.attacks = one(g, paths...), true
	}
	if g.priced && g.sometimes(2) {
		g.favourite = "/mcp"
	}
	g.model = NewModel(g.setup)
	g.model.Now = firstTime
	g.honest = g.sometimes(2)
	g.back = g.plain || g.sometimes(10)
	s.Loose = g.back && !g.plain
	if g.back {
		g.leaveCalendars(&s.Setup)
	}
	for range steps {
		s.Steps = append(s.Steps, g.drawStep(s.Workers, 0, nil))
	}
	s.Steps = append(s.Steps, g.drawLast(s.Workers)...)
	return s
}

// firstTime is where the clock of the stand-in begins, in milliseconds.
const firstTime = 1000 * 1000

func one[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

// sometimes is true once in n times.
func (g *generator) sometimes(n int) bool { return g.IntN(n) == 0 }

func (g *generator) drawSetup() Setup {
	s := Setup{
		Source: one(g, sourceEnvoy, sourceEnvoy, sourceEnvoy, sourceXFF, sourceXFFFirst, sourceHeader),
		IPv4:   one(g, 32, 32, 24), IPv6: one(g, 64, 64, 48, 128),
		Held: g.sometimes(2),
		Exempt: []Match{
			{Path: "/healthz"}, {Path: "/api/open"}, {Path: "/.well-known", Prefix: true},
			{Path: "/mcp/public", Prefix: true, Methods: []string{"GET"}},
		},
	}
	if g.sometimes(2) {
		s.Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.8/30"), netip.MustParsePrefix("2001:db8:5::/48")}
	}
	if g.sometimes(2) {
		s.Cookies = []string{"session"}
	}
	for _, surface := range []Surface{
		{Name: "admin", Kind: api, Match: []Match{{Path: "/api/Admin", Prefix: true}}},
		{Name: "rest", Kind: api, Match: []Match{{Path: "/api", Prefix: true}, {Path: "/v2/items"}}},
		{Name: "mcp", Kind: mcp, Match: []Match{{Path: "/mcp", Prefix: true}}},
		{Name: "token", Kind: token, Match: []Match{{Path: "/oauth/token", Methods: []string{"POST"}}}},
		{Name: "sign-in", Kind: consent, Match: []Match{{Path: "/login", Methods: []string{"POST", "GET"}}}},
		{Name: "session", Kind: login, Match: []Match{{Path: "/session"}}},
	} {
		if !g.sometimes(4) || len(s.Surfaces) == 0 {
			surface.Lockout = g.drawLockout(surface.Kind, &s)
			s.Surfaces = append(s.Surfaces, surface)
		}
	}
	if g.hosts {
		g.drawHosts(&s)
	}
	if g.sometimes(4) {
		s.Env = map[string]int{s.Surfaces[0].Name: g.IntN(4)}
	}
	return s
}

// drawLockout draws the rule of a surface. Each option is off more often than
// on, so that each comes alone as well as with others.
func (g *generator) drawLockout(kind string, of *Setup) Lockout {
	const s = time.Second
	l := Lockout{Mode: one(g, "", "", "", enforce, shadow, off)}
	if g.sometimes(12) {
		l.None = true
	} else if !g.sometimes(8) {
		l.Failures = 1 + g.IntN(6)
	}
	if !g.sometimes(6) {
		l.Window = one(g, 1*s, 2*s, 10*s, 60*s, 600*s)
	}
	if g.sometimes(2) {
		l.Duration = one(g, 1*s, 5*s, 60*s, 900*s)
	}
	if !g.plain && g.sometimes(2) {
		g.drawDistinct(&l)
	}
	if g.sometimes(2) {
		g.drawEscalate(&l, kind)
	}
	if g.sometimes(3) {
		g.drawWide(&l, of)
	}
	if !g.plain && g.sometimes(3) {
		l.Pending = 1 + g.IntN(3)
	}
	if !g.plain && g.sometimes(3) {
		g.drawKeys(&l)
	}
	if g.sometimes(4) && l.Mode != shadow && !l.locksByKey() {
		l.Jitter = one(g, 1*s, 3*s, 30*s, 60*s)
	}
	l.AccountFields = one(g, nil, nil, nil, []string{"email"}, []string{"email", "username"}, []string{"username", "user.email"})
	g.drawForKind(&l, kind)
	if g.sometimes(4) {
		g.drawConditions(&l, kind)
	}
	if !g.plain && g.sometimes(2) {
		g.drawRepeats(&l, kind)
	}
	return l
}

func (g *generator) drawEscalate(l *Lockout, kind string) {
	const s = time.Second
	first := max(l.withDefaults(kind).Window, l.Duration)
	if l.Stuffing.Action == lock {
		first = max(first, l.withDefaults(kind).Stuffing.Window)
	}
	l.Factor = one(g, 1.5, 2, 2.5, 10, 100)
	l.Max = first * time.Duration(one(g, 1, 3, 7, 100))
	l.Forget = one(g, 0, 1*s, 30*s, 3600*s)
}

func (g *generator) drawForKind(l *Lockout, kind string) {
	const s = time.Second
	switch kind {
	case api, mcp:
		l.Statuses = one(g, nil, nil, []int{401, 403}, []int{400, 401})
		l.CountAnonymous = g.sometimes(3)
		l.Reset = !g.plain && g.sometimes(3)
		if !g.plain && g.sometimes(2) {
			l.KnownFor = one(g, 1*s, 5*s, 60*s, 3600*s)
			l.KnownFailures = g.IntN(4)
		}
	case token:
		l.Statuses = one(g, nil, []int{401, 403}, []int{403})
	case consent, login:
		l.Statuses = one(g, nil, []int{200, 401}, []int{422})
	}
}

func (g *generator) drawWide(l *Lockout, of *Setup) {
	l.WideFailures = 1 + g.IntN(9)
	if l.WideIPv4 = one(g, 0, 16, 31); l.WideIPv4 >= of.IPv4 || l.WideIPv4 == 0 && of.IPv4 <= 24 {
		l.WideIPv4 = 16
	}
	if l.WideIPv6 = one(g, 0, 32); of.IPv6 <= 48 {
		l.WideIPv6 = 32
	}
}

func (g *generator) drawDistinct(l *Lockout) {
	const s = time.Second
	if g.sometimes(2) {
		l.Stuffing = Distinct{2 + g.IntN(3), one(g, 0, 1*s, 10*s, 60*s, 3600*s), one(g, "", report, lock, lock)}
	}
	if g.sometimes(2) {
		l.Spraying = Distinct{2 + g.IntN(2), one(g, 0, 1*s, 10*s, 60*s, 3600*s), one(g, "", report, slow, slow)}
	}
	if !l.None && !g.sometimes(3) { // the client's own lockout would come first
		l.Failures = 5 + g.IntN(10)
	}
}

// drawRepeats lets repeated failures count once. Keys that are never reached then are
// refused: those by the credentials of a client, where nothing else tells failures apart.
func (g *generator) drawRepeats(l *Lockout, kind string) {
	l.Repeats = once
	for i := range l.Keys {
		k := &l.Keys[i]
		if slices.Contains(k.Per, perClient) && slices.Contains(k.Per, perCredential) && (kind == api || kind == mcp) && !l.CountAnonymous {
			k.Failures = 1
		}
	}
}

func (g *generator) drawKeys(l *Lockout) {
	const s = time.Second
	for range 1 + g.IntN(3) {
		l.Keys = append(l.Keys, Key{
			Per: one(g, []string{perAccount}, []string{perAccount}, []string{perClient, perAccount}, []string{perAccount, perClient},
				[]string{perCredential}, []string{perClient, perCredential}),
			Failures: 1 + g.IntN(4),
			Window:   one(g, 0, 1*s, 10*s, 60*s, 3600*s),
			Action:   one(g, "", slow, slow, lock),
		})
	}
}

// locksByKey tells whether a key locks: a client that is told so cannot know
// whether it is the account or the client that is locked.
func (l *Lockout) locksByKey() bool {
	return slices.ContainsFunc(l.Keys, func(k Key) bool { return k.Action == lock })
}

package wasmhost

import (
	"errors"
	"fmt"
)

// Proxy is one worker with its VM. It belongs to one goroutine at a time; give
// each of several goroutines a Proxy of its own on the same Process.
type Proxy struct {
	host    *Host
	guest   Guest
	load    func(*Host) (Guest, error)
	trapped error
}

// StartError tells why a VM could not be used.
type StartError struct {
	// Callback that refused or trapped; empty if the module could not be
	// instantiated.
	Callback Callback
	// Trap is nil if the guest returned false.
	Trap error
	// Logs are the lines logged until then.
	Logs []LogLine
}

func (e *StartError) Error() string {
	what := "refused"
	if e.Trap != nil {
		what = "trapped: " + e.Trap.Error()
	}
	where := string(e.Callback)
	if where == "" {
		where = "instantiation"
	}
	if len(e.Logs) == 0 {
		return fmt.Sprintf("%s %s", where, what)
	}
	return fmt.Sprintf("%s %s; it logged %q", where, what, e.Logs)
}

func (e *StartError) Unwrap() error { return e.Trap }

// NewProxy starts a VM whose code load returns, and configures it. The error is
// a *StartError if the guest is at fault.
func NewProxy(p *Process, o Options, load func(*Host) (Guest, error)) (*Proxy, error) {
	proxy := &Proxy{load: load}
	if err := proxy.start(newHost(p, o)); err != nil {
		return nil, err
	}
	return proxy, nil
}

// Reload puts a new VM in the place of this one, as Envoy does some time after a
// trap if the failure policy is FAIL_RELOAD. Shared data and metrics stay, and
// so do the log lines so far.
func (p *Proxy) Reload() error {
	old := p.host
	if err := p.Close(); err != nil {
		return err
	}
	host := newHost(old.process, old.options)
	host.logs = old.logs
	return p.start(host)
}

func (p *Proxy) start(h *Host) error {
	p.host, p.trapped = h, nil
	h.proxy = p
	guest, err := p.load(h)
	if err != nil {
		var start *StartError
		if !errors.As(err, &start) {
			err = &StartError{Trap: err, Logs: h.Logs()}
		}
		return err
	}
	p.guest = guest
	h.starting = true
	defer func() { h.starting = false }()
	for _, step := range []struct {
		callback Callback
		run      func() (bool, error)
	}{
		{OnContextCreate, func() (bool, error) { return true, guest.OnContextCreate(rootID, 0) }},
		{OnVMStart, func() (bool, error) { return guest.OnVMStart(rootID, len(h.options.VMConfig)) }},
		{OnConfigure, func() (bool, error) { return guest.OnConfigure(rootID, len(h.options.PluginConfig)) }},
	} {
		if err := p.startStep(step.callback, step.run); err != nil {
			_ = guest.Close()
			return err
		}
	}
	return nil
}

func (p *Proxy) startStep(callback Callback, run func() (bool, error)) error {
	if !p.guest.Exports(callback) {
		return nil
	}
	accepted := false
	_, err := p.host.call(rootID, func() (err error) {
		accepted, err = run()
		return err
	})
	if err != nil || !accepted {
		return &StartError{Callback: callback, Trap: err, Logs: p.host.Logs()}
	}
	return nil
}

// Do sends one request through the filter and returns what came of it. After a
// trap every request gets a 503 until Reload.
func (p *Proxy) Do(r Request, upstream Upstream) Result { return p.Begin(r, upstream).Finish() }

// Begin sends one request as far as the filter lets it go. It may wait for the
// answer to a callout, while others begin.
func (p *Proxy) Begin(r Request, upstream Upstream) *Exchange {
	s := p.open(r, upstream)
	s.run()
	return &Exchange{s}
}

// Exchange is a request on its way, and its response.
type Exchange struct{ stream *stream }

// Waits tells whether the filter holds it.
func (e *Exchange) Waits() bool { return !e.stream.finished && !e.stream.gone }

// Finish gives the answers that are owed until the exchange is over, and returns
// what came of it.
func (e *Exchange) Finish() Result {
	for e.Waits() && (e.stream.proxy.Answer() || e.stream.proxy.AnswerGRPC()) {
	}
	e.stream.ensureEnd()
	return e.stream.close()
}

// Leave lets the client go away.
func (e *Exchange) Leave() Result {
	e.stream.clientLeaves()
	return e.stream.close()
}

// Tick calls the guest's tick callback once, whatever period it asked for.
func (p *Proxy) Tick() error {
	if p.trapped != nil || !p.guest.Exports(OnTick) {
		return p.trapped
	}
	_, p.trapped = p.host.call(rootID, func() error { return p.guest.OnTick(rootID) })
	return p.trapped
}

// Host returns the host side of the VM: logs, calls, tick period. After Reload
// it is another one.
func (p *Proxy) Host() *Host { return p.host }

// Trapped returns why the VM is dead, nil if it is alive.
func (p *Proxy) Trapped() error { return p.trapped }

// Close frees the VM.
func (p *Proxy) Close() error { return p.guest.Close() }

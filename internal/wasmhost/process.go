package wasmhost

import "sync/atomic"

// Process is what the VMs of one proxy process share: the shared data of their
// vm_id, the metrics and the clock. Give one Process to several Proxies to have
// the workers of one Envoy.
type Process struct {
	VMID       string
	SharedData *SharedData
	Metrics    *Metrics
	Clock      *Clock

	vms atomic.Uint64 // VMs so far; seeds their random numbers
}

// ProcessOptions are the parts of a Process that are not to be new ones.
type ProcessOptions struct {
	VMID       string      // the property plugin_vm_id; "gatewarden" if empty
	SharedData *SharedData // for instance that of a Process with another Clock
	Metrics    *Metrics
	Clock      *Clock
}

// NewProcess returns a process without VMs.
func NewProcess(o ProcessOptions) *Process {
	p := &Process{VMID: o.VMID, SharedData: o.SharedData, Metrics: o.Metrics, Clock: o.Clock}
	if p.VMID == "" {
		p.VMID = "gatewarden"
	}
	if p.SharedData == nil {
		p.SharedData = NewSharedData()
	}
	if p.Metrics == nil {
		p.Metrics = NewMetrics()
	}
	if p.Clock == nil {
		p.Clock = NewClock()
	}
	return p
}

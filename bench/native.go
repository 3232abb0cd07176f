package main

import "github.com/gatewarden/gatewarden/bench/internal/native"

// nativePart is a name for -only to choose nothing else.
const nativePart = "native"

// nativeRow is what a kind of request takes without a proxy.
type nativeRow struct {
	native.Scene
	native.Cost
}

// countNative counts allocations and host calls. They are the same in every run and
// take no time, so they are in every report.
func (b *bench) countNative() error {
	for _, scene := range native.Scenes() {
		cost, err := native.Count(scene, configOf(scene))
		if err != nil {
			return err
		}
		b.native = append(b.native, nativeRow{scene, cost})
	}
	return nil
}

// configOf is what the filter is configured with for a scene.
func configOf(s native.Scene) string {
	limit := plenty
	if s.SpentBy > 0 {
		limit = s.SpentBy
	}
	return quotaConfig([]quota{perTenant, perSubject, perClient}[:s.Quotas], limit)
}

package main

import "github.com/gatewarden/gatewarden/bench/internal/native"

// nativeRow is what a kind of request takes without a proxy.
type nativeRow struct {
	native.Scene
	native.Cost
}

// countNative counts allocations and host calls; they are the same in every
// round.
func (b *bench) countNative() error {
	for _, scene := range native.Scenes() {
		if !b.chooses("native/" + scene.Name) {
			continue
		}
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

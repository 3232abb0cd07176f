package main

import "strconv"

// addQuotas writes what quotas cost, beside the same without any.
func (b *bench) addQuotas(d *document) {
	head := append(b.mainHead(), "CPU µs/request of ratelimit and Redis at "+strconv.Itoa(int(steady.Rate))+"/s", "at saturation", "their RSS MB")
	for _, workers := range []int{1, 2} {
		d.section("Quotas: requests that pass, "+plural(workers, "worker"), quotaNote, head, b.mainRows("quota/pass/", workers))
		d.section("Quotas: requests that are refused, "+plural(workers, "worker"), overQuotaNote, head, b.mainRows("quota/refuse/", workers))
	}
	d.section("Quotas: requests that pass, in pairs", quotaPairNote,
		[]string{"variant", "against", "CPU per request, times", "requests/s at saturation, times"}, b.quotaPairRows())
}

func (b *bench) quotaPairRows() [][]string {
	labels := map[string]string{}
	for _, v := range b.variants() {
		labels[v.name] = v.label
	}
	var rows [][]string
	for _, p := range b.quotaPairs() {
		if b.results.Has(p.name, colPairCPU) {
			rows = append(rows, append([]string{labels[p.second], labels[p.first]}, b.cells(p.name, colPairCPU, colPairRate)...))
		}
	}
	return rows
}

package message

// Descriptor is one counter that a request asks for.
type Descriptor struct {
	Rule, Key string
	// Hits is what is added to it. 0 only asks for its value.
	Hits uint64
}

// The keys of a descriptor's entries.
const (
	ruleEntry = "rule"
	keyEntry  = "key"
)

// The fields of RateLimitRequest, RateLimitDescriptor, its Entry, and of the UInt64Value
// that has the hits.
const (
	requestDomain      = 1
	requestDescriptors = 2

	descriptorEntries = 1
	descriptorHits    = 3

	entryKey   = 1
	entryValue = 2

	hitsValue = 1
)

// AppendRequest appends a RateLimitRequest to b. Texts must be valid UTF-8.
func AppendRequest(b []byte, domain string, descriptors []Descriptor) []byte {
	b = appendText(b, requestDomain, domain)
	for i := range descriptors {
		b = appendDescriptor(b, &descriptors[i])
	}
	return b
}

// appendDescriptor writes the hits always: without them, the service adds 1.
func appendDescriptor(b []byte, d *Descriptor) []byte {
	rule, key := entrySize(ruleEntry, d.Rule), entrySize(keyEntry, d.Key)
	hits := tagSize + varintSize(d.Hits)
	b = appendHead(b, requestDescriptors, fieldSize(rule)+fieldSize(key)+fieldSize(hits))
	b = appendEntry(b, rule, ruleEntry, d.Rule)
	b = appendEntry(b, key, keyEntry, d.Key)
	b = appendHead(b, descriptorHits, hits)
	return appendNumber(b, hitsValue, d.Hits)
}

func entrySize(key, value string) int { return fieldSize(len(key)) + fieldSize(len(value)) }

func appendEntry(b []byte, size int, key, value string) []byte {
	b = appendHead(b, descriptorEntries, size)
	b = appendText(b, entryKey, key)
	return appendText(b, entryValue, value)
}

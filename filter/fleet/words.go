package fleet

import "github.com/gatewarden/gatewarden/filter/refusal"

// unavailableFor, in seconds, is when to try again after the service gave no answer.
const unavailableFor = 5

// Words returns what a refusal of the room says.
func (s *State) Words(why *refusal.Refusal) *refusal.Words {
	const message = "Requests are counted by a service that cannot be reached at the moment."
	return refusal.NewUnavailable(refusal.TryAgain(message, why.Seconds))
}

package contract

import (
	"slices"

	"github.com/gatewarden/gatewarden/internal/wasmhost/contract/script"
)

// Cases returns all rows.
func Cases() []Case {
	return slices.Concat(sharedDataCases(), headerCases(), phaseCases(), propertyCases(), metadataCases(),
		replyCases(), bodyCases(), callCases(), grpcCases(), valueCases(), trapCases())
}

// in makes a step of a phase; the operations are those of the guest:
//
//	call                          the arguments of the callback
//	pause, pause-until-end        what the callback returns
//	pause-stream, pause-all       the same, with what Envoy has beyond the ABI
//	get-shared key                set-shared key value 0|right|old|impossible
//	get map name                  pairs map prefix-of-names
//	add|replace map name value    remove map name     set-pairs map name value...
//	add-twice map name...         count map name...
//	buffer type start length      set-buffer type start length data
//	property text|int part...     set-property path value
//	growth part...                by how much the property has grown since the last time
//	reply status grpc-status details body name value...
//	...-at-end                    reply, buffer, set-buffer at the end of the stream only
//	clocks, clock id, random n, metric kind name change..., foreign name,
//	http-call cluster name value...   a call with these headers, whose answer begins
//	                              the phase "answer"
//	grpc-call cluster method message   a call of contract.Service, whose outcome begins
//	                              the phase "grpc-answer", where the size is that of the
//	                              answer, or "grpc-close", where it is the status. If there
//	                              is no call, the phase is "grpc-stray"
//	attend                        go back to the stream
//	continue stream, effective context, collect n, env name,
//	print text, panic
func in(phase, op string, args ...string) script.Step {
	return script.Step{Phase: phase, Op: op, Args: args}
}

// one makes a case of a single request.
func one(name string, r Request, w Want, steps ...script.Step) Case {
	return Case{Name: name, Exchanges: []Exchange{{Request: r, Steps: steps, Want: w}}}
}

var (
	get  = Request{Method: "GET", Path: "/x"}
	post = Request{Method: "POST", Path: "/x", Body: "0123456"}
)

// with adds headers to a request.
func with(r Request, names ...string) Request {
	for i := 0; i < len(names); i += 2 {
		r.Headers = append(slices.Clone(r.Headers), [2]string{names[i], names[i+1]})
	}
	return r
}

func report(lines ...string) Want { return Want{Status: 200, Report: lines} }

package cli
import ("testing";"bytes";"os")
func BenchmarkSim(b *testing.B){ for b.Loop() { var o bytes.Buffer; if Run([]string{"simulate","/tmp/a.log"}, os.Stdin,&o,&o)!=0 {b.Fatal(o.String())} } }

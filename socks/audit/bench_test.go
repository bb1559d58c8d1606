package audit

import "testing"

// BenchmarkStream is what auditing adds to one stream: a request of a browser, and an answer that fills the sample.
func BenchmarkStream(b *testing.B) {
	answer := make([]byte, defaultSample)
	for _, name := range []string{"http-chromium", "tls-chromium"} {
		b.Run(name, func(b *testing.B) {
			sent, a := capture(b, name), newAuditor()
			b.ReportAllocs()
			for b.Loop() {
				o, err := a.Observe(b.Context(), request("", "stats.i2p"))
				if err != nil {
					b.Fatal(err)
				}
				o.Sent(sent, true)
				o.Received(answer)
			}
		})
	}
}

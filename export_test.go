package i2psocks

import "fmt"

// Arrange is arrange, for its fuzz test.
var Arrange = arrange

// Candidates returns where an endpoint with a Router looks for one.
func Candidates(e *Endpoint) string {
	candidates, err := e.candidates()
	return fmt.Sprint(candidates, err)
}

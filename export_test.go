package i2psocks

import "fmt"

// Arrange is arrange, for its fuzz test.
var Arrange = arrange

// Doors returns where an endpoint with a Router looks for one.
func Doors(e *Endpoint) string {
	doors, err := e.doors()
	return fmt.Sprint(doors, err)
}

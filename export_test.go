package i2psocks

// Arrange is arrange, for its fuzz test.
var Arrange = arrange

// Package samtest is an in-process SAM bridge and I2P network.
package samtest

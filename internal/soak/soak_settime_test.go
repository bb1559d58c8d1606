//go:build settime

package soak_test

import "time"

func init() { setTimeOfDay = time.SetTimeOfDay } // of the package time that .ci/soak makes

package main

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSeedReplays: what is broken, when, where and for how long depends on the seed alone, through both doors.
func TestSeedReplays(t *testing.T) {
	for _, i2cp := range []bool{false, true} {
		plan := func(seed uint64) (all []string) {
			s := settings{seed: seed, i2cp: i2cp}
			nw, err := openMemory(t.Context(), s, quiet())
			require.NoError(t, err)
			defer nw.close()
			l := &load{report: quiet(), hosts: []*host{{name: "host0"}, {name: "host1"}}}
			chance := rand.New(rand.NewPCG(seed, 2))
			faults := append(l.faults(), nw.faults...)
			for range 100 {
				all = append(all, drawStorm(faults, nw.calm, chance).String())
			}
			for _, f := range faults {
				assert.Contains(t, strings.Join(all, "\n"), f.name+" (")
			}
			return all
		}
		seven := plan(7)
		assert.Equal(t, seven, plan(7))
		assert.NotEqual(t, seven, plan(8))
	}
}

// TestWiresReplay: of the connections of a storm, the same ones break in the same ways.
func TestWiresReplay(t *testing.T) {
	for _, r := range []ranges{rangesSAM, rangesI2CP} {
		draw := func(seed uint64) (all []wire) {
			chance := rand.New(rand.NewPCG(seed, 1))
			for range 100 {
				_, w := r.draw(chance)
				all = append(all, *w)
			}
			return all
		}
		assert.Equal(t, draw(7), draw(7))
		assert.NotEqual(t, draw(7), draw(8))
		for _, w := range draw(9) {
			assert.Less(t, w.in.garble, r.in)
			assert.Less(t, w.out.garble, r.out)
			assert.NotEqual(t, w.in == sound, w.out == sound, "%+v", w)
		}
	}
}

// Package level has the tiers of communities, their thresholds, and where members are.
// Package tier moves members.
package level

import (
	"context"
	"sort"

	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/sqldb"
)

// PerTier is the number of levels of a tier.
const PerTier = 3

// Tier is a tier of a community. Its identity is the id.
type Tier struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Icon       string         `json:"icon"`
	RoleID     string         `json:"roleId"` // that its members have; "": none
	Thresholds [PerTier]int64 `json:"thresholds"`
}

// Settings are the tiers of a community.
type Settings struct {
	Enabled     bool
	ShowLevels  bool
	ShowTiers   bool
	Demote      bool // members fall with their XP
	Tiers       []Tier
	Version     int64 // from 1
	Recomputing bool  // a job moves members

	After string // the last member that the job has moved
	Base  Place  // where members without a position were before the change
}

// Defaults returns the settings of a community that has changed nothing: no tiers.
func Defaults() Settings {
	return Settings{Enabled: true, ShowLevels: true, ShowTiers: true, Demote: true, Version: 1}
}

// Place is a level of a tier; the zero Place is below the first threshold.
type Place struct {
	TierID string `json:"tierId"`
	Level  int64  `json:"level"` // 1 to PerTier
}

// Below is the step of the zero Place.
const Below = -1

// Step returns the highest threshold that is not above an amount of XP: its number from 0,
// or Below. Without tiers it is Below.
func (s *Settings) Step(xp int64) int {
	return sort.Search(len(s.Tiers)*PerTier, func(step int) bool { return s.Tiers[step/PerTier].Thresholds[step%PerTier] > xp }) - 1
}

// Place returns the place of a step.
func (s *Settings) Place(step int) Place {
	if step < 0 {
		return Place{}
	}
	return Place{s.Tiers[step/PerTier].ID, int64(step%PerTier) + 1}
}

// StepOf returns the step of a place; known is false if its tier no longer exists.
func (s *Settings) StepOf(p Place) (step int, known bool) {
	if p.TierID == "" {
		return Below, true
	}
	for i := range s.Tiers {
		if s.Tiers[i].ID == p.TierID {
			return i*PerTier + int(p.Level) - 1, true
		}
	}
	return Below, false
}

// Tier returns a tier by its id, nil for an unknown one.
func (s *Settings) Tier(tierID string) *Tier {
	for i := range s.Tiers {
		if s.Tiers[i].ID == tierID {
			return &s.Tiers[i]
		}
	}
	return nil
}

// Active reports whether members have places.
func (s *Settings) Active() bool { return s.Enabled && len(s.Tiers) > 0 }

// Position is where a member is.
type Position struct {
	UserID string
	Place
	Best   Place  // the highest place ever
	RoleID string // the role that the tier granted; "": none, or removed by hand
}

// Of returns where members are by their ids; members below the first threshold are absent,
// and all if tiers are disabled.
func Of(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) (map[string]figure.Tier, error) {
	s, err := Load(ctx, q, communityID)
	if err != nil || !s.Active() || len(userIDs) == 0 {
		return nil, err
	}
	stored, err := Positions(ctx, q, communityID, userIDs)
	if err != nil {
		return nil, err
	}
	named := make(map[string]figure.Tier, len(userIDs))
	for _, userID := range userIDs {
		at := s.Place(s.Step(0))
		if p, known := stored[userID]; known {
			at = p.Place
		}
		if t := s.Tier(at.TierID); t != nil {
			named[userID] = figure.Tier{ID: t.ID, Name: t.Name, Level: at.Level}
		}
	}
	return named, nil
}

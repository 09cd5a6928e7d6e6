"""The only room that changes an org: carries out a plan, and closes what a crash left open."""

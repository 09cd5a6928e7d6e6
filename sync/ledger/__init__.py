"""The durable record of every action: intent before effect, then outcome with evidence."""

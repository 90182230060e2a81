"""Messages of HL7 version 2 about appointments: what they say, and how they are answered."""

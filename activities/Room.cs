namespace Nstance.Temporal.Activities; internal static class Room;

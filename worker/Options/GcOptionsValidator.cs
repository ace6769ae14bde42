using Microsoft.Extensions.Options;

namespace Nstance.Temporal.Worker.Options;

/// <summary>The same rules, for programs that host the collector themselves and bind options their own way.</summary>
[OptionsValidator]
internal sealed partial class GcOptionsValidator : IValidateOptions<GcOptions>;

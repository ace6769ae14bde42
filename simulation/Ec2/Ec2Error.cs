namespace Nstance.Temporal.Simulation.Ec2;

/// <summary>An error as EC2 answers it.</summary>
internal sealed class Ec2Error(string code, string message, int status = 400) : Exception(message)
{
    public string Code => code;

    public int Status => status;

    public static Ec2Error NotFound(IReadOnlyList<string> ids) => new("InvalidInstanceID.NotFound", ids.Count == 1
        ? $"The instance ID '{ids[0]}' does not exist"
        : $"The instance IDs '{string.Join(", ", ids)}' do not exist");

    public static Ec2Error Malformed(string id)
    {
        var hint = id.StartsWith("i-", StringComparison.Ordinal) ? "" : " (expecting \"i-...\")";
        return new("InvalidInstanceID.Malformed", $"Invalid id: \"{id}\"{hint}");
    }

    public static Ec2Error Missing(string parameter) =>
        new("MissingParameter", $"The request must contain the parameter {parameter}");

    public static Ec2Error Invalid(string parameter, string value, string why) =>
        new("InvalidParameterValue", $"Value ({value}) for parameter {parameter} is invalid. {why}");
}

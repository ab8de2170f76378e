namespace Sealer.Clusterfiles.Documents;

/// <summary>
/// A variable that scripts, plugins and templates see. One whose name speaks of a secret (<c>DB_PASSWORD</c>), or whose value
/// comes from elsewhere (<c>envFrom</c>), never prints its value.
/// </summary>
public sealed record EnvironmentVariable
{
    private const char Separator = ';';

    private readonly Secret _value;

    /// <param name="name">Its name.</param>
    /// <param name="value">Its value; quotes in it belong to it.</param>
    public EnvironmentVariable(string name, string value)
        : this(name, Secret.Of(value), SecretNames.Contains(name))
    {
    }

    /// <param name="name">Its name.</param>
    /// <param name="value">Its value, which is secret whatever the name.</param>
    public EnvironmentVariable(string name, Secret value)
        : this(name, value, isSecret: true)
    {
    }

    private EnvironmentVariable(string name, Secret value, bool isSecret)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        (Name, _value, IsSecret) = (name, value, isSecret);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its value, or <c>***</c> where it is secret: for people. What runs takes <see cref="Reveal"/>.</summary>
    public string Value => IsSecret ? _value.ToString() : _value.Reveal();

    /// <summary>True where the value is not to be shown.</summary>
    public bool IsSecret { get; }

    /// <summary>Where the value comes from, or null where it stood in the Clusterfile or was given.</summary>
    public SecretSource? Source => _value.Source;

    /// <summary>False where only its source is known.</summary>
    public bool HasValue => _value.HasValue;

    /// <summary>
    /// True for a list, as sealer up to 0.8 made of <c>K=a;b</c> or of a name that is there twice: templates see a list, scripts
    /// an array of bash. Its text has the items with <c>;</c> between.
    /// </summary>
    public bool IsList { get; init; }

    /// <summary>The value itself. For use, never for messages, logs or command lines.</summary>
    /// <exception cref="SealerException"><c>SecretNotResolved</c>: only its source is known.</exception>
    public string Reveal() => _value.Reveal();

    /// <summary>The items of a list; of another variable its value alone.</summary>
    /// <exception cref="SealerException"><c>SecretNotResolved</c>.</exception>
    public IReadOnlyList<string> RevealItems() => IsList ? Reveal().Split(Separator) : [Reveal()];

    /// <summary>A list of these.</summary>
    internal static EnvironmentVariable List(string name, IEnumerable<string> items) => new(name, string.Join(Separator, items)) { IsList = true };

    /// <summary><c>NAME=VALUE</c>, a secret value as <c>***</c>.</summary>
    public override string ToString() => $"{Name}={Value}";
}

namespace Sealer;

/// <summary>What kind of thing went wrong; the cmdlets map it to PowerShell's error categories.</summary>
public enum ErrorKind
{
    /// <summary>The input is wrong: a file, a name, a parameter.</summary>
    InvalidInput,

    /// <summary>Something named does not exist.</summary>
    NotFound,

    /// <summary>Something is there already, or held by somebody else.</summary>
    Conflict,

    /// <summary>Content is not what it says it is: a wrong digest, a hostile archive, a broken file.</summary>
    InvalidContent,

    /// <summary>Credentials are missing or refused.</summary>
    Authentication,

    /// <summary>A registry or a host cannot be reached, or broke off.</summary>
    Connection,

    /// <summary>The machine lacks what is needed: disk, a tool, a kernel feature.</summary>
    ResourceUnavailable,

    /// <summary>The operation exists, but not here or not in this form.</summary>
    NotSupported,
}

/// <summary>
/// An error a user can act on: its message names the place and says what to do next. Never holds a secret, and nothing
/// that a terminal or an agent would obey, whoever is quoted in it.
/// </summary>
public class SealerException : Exception
{
    /// <param name="id">Stable identifier in PascalCase, for example <c>ImageNotFound</c>; scripts match on it.</param>
    /// <param name="kind">What kind of thing went wrong.</param>
    /// <param name="message">What is wrong, where, and the next step.</param>
    /// <param name="target">The thing the error is about: a reference, a path, a digest.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public SealerException(string id, ErrorKind kind, string message, object? target = null, Exception? inner = null)
        : base(PlainText.Of(message), inner)
    {
        Id = id;
        Kind = kind;
        Target = target;
    }

    /// <summary>Stable identifier, the first part of the cmdlets' FullyQualifiedErrorId.</summary>
    public string Id { get; }

    /// <summary>What kind of thing went wrong.</summary>
    public ErrorKind Kind { get; }

    /// <summary>The thing the error is about.</summary>
    public object? Target { get; }
}

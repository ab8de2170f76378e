using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>What the engine throws, as PowerShell's error records.</summary>
internal static class Errors
{
    /// <summary>True for what a user can act on; anything else is a defect and ends the pipeline as it is.</summary>
    public static bool IsUsers(Exception exception) =>
        exception is SealerException or IOException or UnauthorizedAccessException
        || (exception is AggregateException several && several.Flatten().InnerExceptions.All(IsUsers));

    /// <summary>One error, or those an <see cref="AggregateException"/> holds.</summary>
    public static IEnumerable<Exception> Each(Exception exception) =>
        exception is AggregateException several ? several.Flatten().InnerExceptions : [exception];

    /// <summary>An error with a stable id, a category and the thing it is about.</summary>
    public static ErrorRecord ToRecord(Exception exception)
    {
        var first = Each(exception).First();
        return first switch
        {
            SealerException known => new ErrorRecord(known, known.Id, Category(known.Kind), known.Target),
            UnauthorizedAccessException => new ErrorRecord(first, "AccessDenied", ErrorCategory.PermissionDenied, null)
            {
                ErrorDetails = new ErrorDetails($"{first.Message} Look who may read and write there; this runs as '{Environment.UserName}'."),
            },
            FileNotFoundException missing => new ErrorRecord(first, "FileNotFound", ErrorCategory.ObjectNotFound, missing.FileName),
            DirectoryNotFoundException => new ErrorRecord(first, "FolderNotFound", ErrorCategory.ObjectNotFound, null),
            IOException => new ErrorRecord(first, "InputOutput", ErrorCategory.ResourceUnavailable, null),
            _ => new ErrorRecord(first, first.GetType().Name, ErrorCategory.NotSpecified, null),
        };
    }

    /// <summary>An error about one of several hosts: its target is the host, and its message names it.</summary>
    public static ErrorRecord ToRecord(Exception exception, string host)
    {
        var record = ToRecord(exception);
        var message = record.ErrorDetails?.Message ?? record.Exception.Message;
        return new ErrorRecord(record.Exception, record.FullyQualifiedErrorId, record.CategoryInfo.Category, host)
        {
            ErrorDetails = message.Contains(host, StringComparison.Ordinal) ? record.ErrorDetails : new ErrorDetails($"{host}: {message}"),
        };
    }

    private static ErrorCategory Category(ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidInput => ErrorCategory.InvalidArgument,
        ErrorKind.NotFound => ErrorCategory.ObjectNotFound,
        ErrorKind.Conflict => ErrorCategory.ResourceExists,
        ErrorKind.InvalidContent => ErrorCategory.InvalidData,
        ErrorKind.Authentication => ErrorCategory.AuthenticationError,
        ErrorKind.Connection => ErrorCategory.ConnectionError,
        ErrorKind.ResourceUnavailable => ErrorCategory.ResourceUnavailable,
        ErrorKind.NotSupported => ErrorCategory.NotImplemented,
        _ => ErrorCategory.NotSpecified,
    };
}
